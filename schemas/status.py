"""A status: the stage that the handling of one document has reached at one recipient, as its people report it."""

from datetime import date

from schemas.agency import Party
from schemas.codes import StatusCode
from schemas.document import Staff
from schemas.values import AgencyCode, DocumentId, Text, Time, Value


class Concerned(Value):
    """The document that a status is about, and the agency that must be told (ResponseFor of a status package)."""

    agency: AgencyCode
    """The document's sender for 01–06, 15 and 16; the document's recipient for 13."""
    document_id: DocumentId
    code: Text | None = None
    """Full number and notation, such as 7816/VPCP-TTĐT."""
    issued_on: date | None = None


class Status(Value):
    code: StatusCode
    sender: Party
    """The agency that reports."""
    concerns: Concerned
    at: Time
    description: Text | None = None
    """The reason, required by law for 02 and 13 (QĐ 28/2018 Đ.9)."""
    staff: Staff | None = None

    @property
    def issuer(self) -> AgencyCode:
        """The agency that issued the document: the sender of a 13, the addressee of all other statuses."""
        return self.sender.code if self.code is StatusCode.TAKE_BACK else self.concerns.agency

    @property
    def handler(self) -> AgencyCode:
        """The agency that handles the document at the recipient's side."""
        return self.concerns.agency if self.code is StatusCode.TAKE_BACK else self.sender.code
