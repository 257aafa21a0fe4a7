"""A contract of import-linter that names what is allowed: every other import is refused, of a new room too.

`forbidden`, import-linter's own, names what is refused, and forgets what comes later. pyproject.toml registers this one
as `allowed`.
"""

from collections.abc import Iterable, Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application.contract_utils import AlertLevel, remove_ignored_imports_and_report
from importlinter.domain.helpers import module_expressions_to_modules
from importlinter.domain.imports import ModuleExpression


class AllowedContract(Contract):
    """Direct imports only; what an allowed module imports in its turn is that module's affair.

    source_modules     each with all that is inside it
    allowed_modules    modules of the project: a name is that module alone, `name.**` is what is inside it
    allowed_externals  other top-level modules, the standard library's too; any, where this is not given
    ignore_imports     single exceptions, `importer -> imported`; one that is not used any more is an error
    """

    type_name = "allowed"

    source_modules = fields.SetField(subfield=fields.ModuleExpressionField())
    allowed_modules = fields.SetField(subfield=fields.ModuleExpressionField())
    allowed_externals = fields.SetField(subfield=fields.StringField(), required=False)
    ignore_imports = fields.SetField(subfield=fields.ImportExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        ignored = remove_ignored_imports_and_report(
            graph=graph,
            ignore_imports=self.ignore_imports,  # type: ignore[arg-type]  # a field of the class, a set on the instance
            unmatched_alerting=AlertLevel.ERROR,
        )
        refused = sorted(self._refused(graph))
        return ContractCheck(
            kept=not refused,
            warnings=list(ignored.warnings),
            ignored_import_count=ignored.ignored_import_count,
            metadata={"refused": refused},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, lines in check.metadata["refused"]:
            where = ", ".join(f"l.{line}" for line in lines)
            output.print_error(f"- {importer} -> {imported} ({where}) is not allowed", bold=False)
        output.new_line()

    def _refused(self, graph: ImportGraph) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        roots = tuple(self.session_options["root_packages"])
        externals: set[str] | None = self.allowed_externals  # type: ignore[assignment]
        allowed = _named(graph, self.allowed_modules, inside=False)  # type: ignore[arg-type]
        for importer in _named(graph, self.source_modules, inside=True):  # type: ignore[arg-type]
            for imported in graph.find_modules_directly_imported_by(importer):
                top = imported.partition(".")[0]
                is_allowed = imported in allowed if top in roots else externals is None or top in externals
                if not is_allowed:
                    details = graph.get_import_details(importer=importer, imported=imported)
                    yield importer, imported, tuple(detail["line_number"] for detail in details)


def _named(graph: ImportGraph, expressions: Iterable[ModuleExpression], *, inside: bool) -> set[str]:
    return {module.name for module in module_expressions_to_modules(graph, expressions, as_packages=inside)}
