"""Recurrent networks: a cell applied along time."""
