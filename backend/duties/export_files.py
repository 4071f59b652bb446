"""Files of exports, written a page at a time: CSV (RFC 4180) and Parquet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from backend.core.exports import Columns, FileFormat, Value, as_csv

Line = tuple[Value, ...]


class ExportFile(Protocol):
    """Takes lines in the order of its columns."""

    def write(self, lines: Sequence[Line]) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class CsvFile:
    """With a byte order mark, without which spreadsheets misread names."""

    def __init__(self, path: Path, columns: Columns) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._kinds = list(columns.values())
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def write(self, lines: Sequence[Line]) -> None:
        kinds = self._kinds
        self._writer.writerows(
            [as_csv(value, kind) for value, kind in zip(line, kinds, strict=True)] for line in lines
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class ParquetFile:
    """A row group for each page; the library is loaded by whoever makes one."""

    def __init__(self, path: Path, columns: Columns) -> None:
        import pyarrow
        import pyarrow.parquet

        types = {
            "text": pyarrow.string(),
            "integer": pyarrow.int64(),
            "moment": pyarrow.timestamp("ms", tz="UTC"),
            "day": pyarrow.date32(),
        }
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, lines: Sequence[Line]) -> None:
        arrays = [
            self._arrow.array(values, type=field.type)
            for values, field in zip(zip(*lines, strict=True), self._schema, strict=True)
        ]
        self._writer.write_batch(self._arrow.record_batch(arrays, schema=self._schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()


def open_file(file_format: FileFormat, path: Path, columns: Columns) -> ExportFile:
    return (CsvFile if file_format is FileFormat.CSV else ParquetFile)(path, columns)
