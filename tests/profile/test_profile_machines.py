"""A site of several machines: each runs its own part, and every camera is exactly one's."""

import pytest
from sites import DEMO

from appliance.profile.loading import load_profile
from appliance.profile.machines import one_machine
from appliance.profile.model import Profile
from appliance.trouble import Trouble


@pytest.fixture
def cement():
    return load_profile(DEMO.with_name("yinchuan-cement.yaml"))


def cameras(profile: Profile) -> list[str]:
    return [camera.id for camera in profile.cameras]


def test_each_machine_has_its_own_lanes_and_cameras_and_the_site_is_their_sum(cement):
    north, south = (cement.part_of(machine) for machine in cement.machines)
    assert [lane.barrier.id for lane in south.lanes()] == ["B01", "B02"]
    assert [entrance.id for entrance in south.entrances] == ["B"]
    assert cameras(north) == ["a01-plate", "a02-plate", "a-overview"]
    assert sorted(cameras(north) + cameras(south)) == sorted(cameras(cement))
    assert south.machines == (cement.machine("gate-south"),)
    shares = [part.storage.passages_per_day for part in (north, south)]
    assert sum(shares) == cement.storage.passages_per_day
    assert (south.enterprise, south.uplink) == (cement.enterprise, cement.uplink)


def test_a_camera_that_shows_no_barrier_is_the_first_machines(cement):
    raw = cement.model_dump(mode="json")
    raw["cameras"][5]["barriers"] = []
    site = Profile.model_validate(raw)
    assert "b-overview" in cameras(site.part_of(site.machine("gate-north")))
    assert "b-overview" not in cameras(site.part_of(site.machine("gate-south")))


def test_a_site_of_one_machine_is_that_machines_whole(cement):
    raw = cement.model_dump(mode="json") | {"machines": [{"name": "gate"}]}
    site = Profile.model_validate(raw)
    assert site.part_of(site.machine("gate")) == site


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("role: plate\n    barriers: [A01]", "cameras[0].barriers", "车牌识别相机"),
        ("role: surveillance\n    barriers: [B07]", "cameras[0].barriers[0]", "B07"),
    ],
)
def test_a_camera_shows_barriers_of_the_site_and_a_plate_cameras_is_known(
    good, check, line, key, said
):
    _, faults = check(good.replace("role: plate", line, 1))
    assert any(fault.key == key and said in fault.wrong for fault in faults), faults


def test_a_command_means_the_machine_it_names_or_the_only_one(cement):
    assert one_machine(cement, "gate-south") == cement.machine("gate-south")
    with pytest.raises(Trouble, match="gate-north、gate-south"):
        one_machine(cement, None)
    with pytest.raises(Trouble, match="没有名为“gate”的工控机。可选：gate-north、gate-south"):
        one_machine(cement, "gate")
    alone = cement.part_of(cement.machine("gate-south"))
    assert one_machine(alone, None).name == "gate-south"
