"""Day-2 work over many boxes: in waves, by pyinfra over ssh, stopping at the first unhealthy one."""
