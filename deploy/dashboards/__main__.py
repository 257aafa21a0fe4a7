"""`python -m deploy.dashboards`: writes the dashboards' files."""

from deploy.dashboards.build import files

for path, text in files():
    path.write_text(text, encoding="utf-8")
