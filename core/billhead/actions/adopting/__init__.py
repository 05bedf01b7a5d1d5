"""Adopting: lines that stood on a panel before us become customers, subscriptions and services of ours."""
