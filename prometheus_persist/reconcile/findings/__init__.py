"""Pure. From what differs to findings: of executions, intents, ownership, positions and the dead.

``fill_findings`` · ``residual_positions`` · ``ownership`` · ``intents`` · ``dead_agents``;
``alternatives`` is what a human may choose from where the ids do not settle it.
"""
