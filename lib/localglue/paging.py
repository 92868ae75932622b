"""The pages of this service's answers."""

from __future__ import annotations

from localapi.paging import Paging
from localglue.errors import InvalidInput

_PAGING = Paging(100, InvalidInput)
bounds, page, page_of = _PAGING.bounds, _PAGING.page, _PAGING.page_of
