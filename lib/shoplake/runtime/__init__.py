"""Where am I: settings, table names, paths and the Spark session."""
