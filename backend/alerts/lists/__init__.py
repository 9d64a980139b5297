"""Lists of alerts and of episodes: filters, walks over pages, exports, and one alert."""
