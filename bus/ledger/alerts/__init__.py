"""Alerts: what is wrong, since when, who must act and what to do; found, kept, told once, ended by themselves."""
