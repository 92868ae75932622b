"""Dashboards as pages: one HTML file with its data, its code and nothing that is asked of anybody."""
