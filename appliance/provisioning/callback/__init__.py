"""Plugins that Ansible loads by their path; nothing here is imported by the appliance."""
