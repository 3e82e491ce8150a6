"""The plan of the disk: nothing overlaps, a second slot fits, the last may grow."""

from appliance.imaging.partitions import MIB, SECTOR, plan


def test_partitions_follow_each_other_without_overlap() -> None:
    made = plan()
    ends = [MIB]
    for each in made.partitions:
        assert each.start >= ends[-1]
        assert each.start % MIB == 0
        assert each.size % SECTOR == 0
        ends.append(each.end)
    assert made.size > ends[-1] + 34 * SECTOR, "the table's copy has room behind the last"


def test_between_root_and_data_a_second_slot_of_the_same_size_has_room() -> None:
    made = plan(slot=3000)
    assert made.slot_b == (made.root.end, made.data.start)
    assert made.data.start - made.root.end == made.root.size


def test_data_is_the_last_so_that_it_can_grow() -> None:
    made = plan()
    assert made.data is max(made.partitions, key=lambda each: each.start)
    assert made.data.number == len(made.partitions)


def test_identifiers_are_the_same_each_time_and_all_different() -> None:
    guids = [each.guid for each in plan().partitions]
    assert guids == [each.guid for each in plan(slot=512).partitions]
    assert len(set(guids)) == len(guids)
