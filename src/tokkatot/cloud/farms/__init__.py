"""Farms with their members, houses, zones, flocks and crop cycles."""
