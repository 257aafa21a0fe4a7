"""Dashboards for Grafana, built by code: `python -m deploy.dashboards` writes the JSON files beside this one."""
