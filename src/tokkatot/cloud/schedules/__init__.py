"""What houses do by themselves: schedules in versions, rules, and what became of each run."""
