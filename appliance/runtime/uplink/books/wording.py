"""How spans of time are worded in alarms, reports and countdowns."""

from datetime import timedelta


def in_hours(span: timedelta) -> str:
    """A span in hours and minutes however long, since the clauses count in hours."""
    hours, minutes = divmod(max(int(span.total_seconds()), 0) // 60, 60)
    return f"{hours} 小时 {minutes} 分"


def span_in_words(span: timedelta) -> str:
    """A span in its two largest units: `2 天 3 小时`, `30 分钟`; a countdown needs the second."""
    minutes = max(int(span.total_seconds()), 0) // 60
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    return f"{minutes} 分钟"
