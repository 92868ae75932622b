"""An S3 in memory with the calls that capture makes: whole and multipart puts, reads of byte ranges."""

from __future__ import annotations

import io
from typing import Any


class MemoryS3:
    """Objects by key; every request is counted."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.aborted: list[str] = []

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body

    def get_object(self, Bucket: str, Key: str, Range: str) -> dict[str, Any]:
        first, last = (int(part) for part in Range[len("bytes=") :].split("-"))
        return {"Body": io.BytesIO(self.objects[Key][first : last + 1])}

    def create_multipart_upload(self, Bucket: str, Key: str) -> dict[str, str]:
        self.uploads[Key] = {}
        return {"UploadId": Key}

    def upload_part(self, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: bytes) -> dict[str, str]:
        self.uploads[UploadId][PartNumber] = Body
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(self, Bucket: str, Key: str, UploadId: str, MultipartUpload: Any) -> None:
        parts = self.uploads.pop(UploadId)
        self.objects[Key] = b"".join(parts[item["PartNumber"]] for item in MultipartUpload["Parts"])

    def abort_multipart_upload(self, Bucket: str, Key: str, UploadId: str) -> None:
        self.uploads.pop(UploadId)
        self.aborted.append(Key)
