"""A camera's own recording, where it offers any: a second copy while the line to it is down."""

from appliance.cameras.channel import Channel
from appliance.cameras.report import Finding, State

SUBJECT = "边缘存储"


def set_edge_storage(channel: Channel) -> Finding:
    """Let every recording job that the camera has run; the guideline does not ask for one."""
    if not channel.offers("recording"):
        return Finding(SUBJECT, State.OK, "相机不提供（不作要求）")
    jobs = channel.call("recording", "GetRecordingJobs") or []
    if not jobs:
        return Finding(SUBJECT, State.LEFT, "相机支持录像但没有录像计划，请在相机网页上开启")
    idle = [each for each in jobs if each.JobConfiguration.Mode != "Active"]
    for job in idle:
        channel.change("recording", "SetRecordingJobMode", JobToken=job.JobToken, Mode="Active")
    if idle:
        return Finding(SUBJECT, State.CHANGED, f"启动 {len(idle)} 个录像计划")
    return Finding(SUBJECT, State.OK, f"{len(jobs)} 个录像计划在运行")
