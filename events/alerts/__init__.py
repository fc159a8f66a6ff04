"""When a rule about usage or cost fires: thresholds, spans, baselines and verdicts. Values in, values out."""
