"""Rules, interlocks, alarms and arbitration as pure functions of state and time."""
