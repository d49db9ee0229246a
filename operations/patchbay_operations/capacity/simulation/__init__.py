"""The platform in ticks: processes, metric path, pod autoscalers, scheduler, nodes and their autoscaler."""
