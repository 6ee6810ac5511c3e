"""Times and energies that everything of the climate reckons with."""

HOUR_S = 3600.0
DAY_S = 86_400.0
JOULES_A_KWH = 3.6e6
