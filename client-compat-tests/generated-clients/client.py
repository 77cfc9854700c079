"""What an application in Python does with the client generated from the served document.

Run as `python client.py URL EMAIL`, with the generated package `owlpost_client` beside it. It prints `done` when all
was as expected.
"""

import sys
from datetime import datetime, timedelta, timezone
from uuid import UUID

from owlpost_client import AuthenticatedClient, Client
from owlpost_client.api.auth import login, register
from owlpost_client.api.comments import create_comment
from owlpost_client.api.events import list_events
from owlpost_client.api.incidents import create_incident, get_incident, list_incidents, resolve_incident
from owlpost_client.api.notifications import list_notifications, mark_notification_read
from owlpost_client.models import (
    Credentials,
    ErrorCode,
    IncidentCreatedEntry,
    IncidentReport,
    IncidentResolvedEntry,
    NewComment,
    NotificationType,
    Registration,
    ResolutionNote,
    Role,
    Severity,
    Status,
)

URL, EMAIL = sys.argv[1:]
PASSWORD = "alohomora-for-generated-clients"


def log_in_as_user_with_email(email: str, name: str) -> AuthenticatedClient:
    """Registers somebody and logs them in."""
    anybody = Client(base_url=URL)
    grant = register.sync(client=anybody, body=Registration(email=email, name=name, password=PASSWORD))
    assert grant.user.role is Role.STUDENT, grant
    grant = login.sync(client=anybody, body=Credentials(email=email, password=PASSWORD))
    return AuthenticatedClient(base_url=URL, token=grant.access_token)


me = log_in_as_user_with_email(EMAIL, "Luna Lovegood")
report = IncidentReport(title="Wrackspurts in the tower", severity=Severity.CRITICAL)
incident = create_incident.sync(client=me, body=report)
assert isinstance(incident.id, UUID) and incident.severity is Severity.CRITICAL and incident.assignee is None
assert abs(datetime.now(timezone.utc) - incident.created_at) < timedelta(hours=1)

page = list_incidents.sync(client=me, status=[Status.OPEN, Status.IN_PROGRESS], limit=10)
assert incident.id in [listed.id for listed in page.incidents]
page = list_incidents.sync(client=me, status=[Status.RESOLVED], q="wrackspurts")
assert page.incidents == [] and page.next_before is None

comment = create_comment.sync(incident.id, client=me, body=NewComment(content="My head is full of them"))
assert comment.incident_id == incident.id
assert get_incident.sync(incident.id, client=me).comments_count == 1

friend = log_in_as_user_with_email(f"friend.of.{EMAIL}", "Neville")
handle = EMAIL.split("@")[0]
create_comment.sync(incident.id, client=friend, body=NewComment(content=f"@{handle} mine too"))
mine = list_notifications.sync(client=me, unread=True)
assert mine.unread_count == 1
[mention] = mine.notifications
assert mention.type_ is NotificationType.MENTION and mention.read_at is None
assert isinstance(mark_notification_read.sync(mention.id, client=me).read_at, datetime)

resolved = resolve_incident.sync(incident.id, client=me, body=ResolutionNote(resolution="Radishes helped"))
assert resolved.incident.status is Status.RESOLVED
again = resolve_incident.sync_detailed(incident.id, client=me)
assert again.status_code == 409 and again.parsed.error.code is ErrorCode.CONFLICT, again
missing = get_incident.sync_detailed(UUID("00000000-0000-7000-8000-000000000000"), client=me)
assert missing.status_code == 404 and missing.parsed.error.code is ErrorCode.NOT_FOUND, missing
refused = create_incident.sync_detailed(client=me, body=IncidentReport(title=""))
assert refused.parsed.error.code is ErrorCode.VALIDATION_ERROR, refused
assert refused.parsed.error.details.field == "title", refused

told = []
after = "0"
while events := (page := list_events.sync(client=me, after=after, limit=100)).events:
    for entry in events:
        # The class of the entry tells what happened.
        if isinstance(entry, IncidentCreatedEntry) and entry.payload.incident.id == incident.id:
            told.append(entry.event)
        if isinstance(entry, IncidentResolvedEntry) and entry.payload.incident_id == incident.id:
            told.append(entry.payload.resolution)
    after = page.last_event_id
assert told == ["incident:created", "Radishes helped"], told
print("done")
