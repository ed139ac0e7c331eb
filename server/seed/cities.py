"""The cities of the demo: real positions, zones (whole, half and quarter hours), currencies and languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """Districts are (name, latitude, longitude). Fees are in whole currency units; shares are weights."""

    name: str
    state: str | None
    country: str
    time_zone: str
    currency: str
    phone: str
    postal_code: str
    fees: tuple[int, int]
    day_off: int
    languages: dict[str, int]
    names: dict[str, int]
    streets: tuple[str, ...]
    districts: tuple[tuple[str, float, float], ...]


SYDNEY = City(
    "Sydney", "NSW", "AU", "Australia/Sydney", "AUD", "+61 2 5550 {:04}", "20{:02}", (80, 280), 7,
    {"en": 85, "zh": 8, "hi": 4, "it": 3}, {"en_GB": 60, "en_US": 15, "en_IN": 12, "it_IT": 8, "de_DE": 5},
    ("George Street", "Pitt Street", "Crown Street", "Military Road", "Oxford Street"),
    (("Sydney CBD", -33.8688, 151.2093), ("Parramatta", -33.8150, 151.0011), ("Newtown", -33.8981, 151.1749),
     ("Chatswood", -33.7969, 151.1832), ("Surry Hills", -33.8845, 151.2119)),
)  # fmt: skip
NEW_YORK = City(
    "New York", "NY", "US", "America/New_York", "USD", "+1 212 555 {:04}", "100{:02}", (110, 380), 7,
    {"en": 80, "es": 15, "zh": 5}, {"en_US": 62, "es_MX": 20, "en_IN": 8, "it_IT": 6, "de_DE": 4},
    ("Lexington Avenue", "Broadway", "Amsterdam Avenue", "Atlantic Avenue", "Park Avenue South"),
    (("Midtown", 40.7549, -73.9840), ("Upper East Side", 40.7736, -73.9566), ("Harlem", 40.8116, -73.9465),
     ("Park Slope", 40.6710, -73.9814), ("Astoria", 40.7644, -73.9235)),
)  # fmt: skip
LONDON = City(
    "London", None, "GB", "Europe/London", "GBP", "+44 20 7946 {:04}", "N{} 4QL", (60, 250), 7,
    {"en": 88, "hi": 6, "pl": 3, "fr": 3}, {"en_GB": 72, "en_IN": 16, "en_US": 4, "it_IT": 4, "es_ES": 4},
    ("High Street", "Upper Street", "Station Road", "Church Lane", "Harley Street"),
    (("Marylebone", 51.5203, -0.1520), ("Islington", 51.5362, -0.1033), ("Camden", 51.5390, -0.1426),
     ("Greenwich", 51.4769, -0.0005), ("Hackney", 51.5450, -0.0553)),
)  # fmt: skip
KOLKATA = City(
    "Kolkata", "West Bengal", "IN", "Asia/Kolkata", "INR", "+91 33 5550 {:04}", "7000{:02}", (500, 2500), 7,
    {"bn": 55, "en": 25, "hi": 20}, {"en_IN": 100},
    ("Park Street", "Rashbehari Avenue", "Chowringhee Road", "Gariahat Road", "Camac Street"),
    (("Park Street", 22.5530, 88.3520), ("Salt Lake", 22.5867, 88.4171), ("Ballygunge", 22.5280, 88.3659),
     ("New Town", 22.5958, 88.4795), ("Behala", 22.4986, 88.3109)),
)  # fmt: skip
BERLIN = City(
    "Berlin", None, "DE", "Europe/Berlin", "EUR", "+49 30 5550 {:04}", "101{:02}", (50, 210), 7,
    {"de": 80, "en": 10, "tr": 10}, {"de_DE": 82, "tr_TR": 12, "it_IT": 3, "en_US": 3},
    ("Torstraße", "Kantstraße", "Bergmannstraße", "Schönhauser Allee", "Karl-Marx-Straße"),
    (("Mitte", 52.5200, 13.4050), ("Kreuzberg", 52.4986, 13.4030), ("Prenzlauer Berg", 52.5388, 13.4244),
     ("Charlottenburg", 52.5070, 13.3040), ("Neukölln", 52.4811, 13.4350)),
)  # fmt: skip
CHICAGO = City(
    "Chicago", "IL", "US", "America/Chicago", "USD", "+1 312 555 {:04}", "606{:02}", (90, 320), 7,
    {"en": 82, "es": 14, "pl": 4}, {"en_US": 72, "es_MX": 18, "en_IN": 6, "de_DE": 4},
    ("Michigan Avenue", "Clark Street", "Halsted Street", "Milwaukee Avenue", "Ashland Avenue"),
    (("The Loop", 41.8837, -87.6320), ("Lincoln Park", 41.9214, -87.6513), ("Hyde Park", 41.7943, -87.5907),
     ("Wicker Park", 41.9088, -87.6796), ("Pilsen", 41.8525, -87.6610)),
)  # fmt: skip
ADELAIDE = City(
    "Adelaide", "SA", "AU", "Australia/Adelaide", "AUD", "+61 8 5550 {:04}", "50{:02}", (75, 260), 7,
    {"en": 90, "it": 5, "hi": 5}, {"en_GB": 74, "it_IT": 10, "en_IN": 10, "de_DE": 6},
    ("Rundle Street", "King William Street", "Unley Road", "Jetty Road", "The Parade"),
    (("Adelaide City", -34.9285, 138.6007), ("Norwood", -34.9210, 138.6320), ("Glenelg", -34.9800, 138.5150),
     ("Unley", -34.9500, 138.6070), ("Prospect", -34.8840, 138.5940)),
)  # fmt: skip
LOS_ANGELES = City(
    "Los Angeles", "CA", "US", "America/Los_Angeles", "USD", "+1 213 555 {:04}", "900{:02}", (110, 390), 7,
    {"en": 70, "es": 28, "zh": 2}, {"en_US": 55, "es_MX": 35, "en_IN": 5, "it_IT": 5},
    ("Wilshire Boulevard", "Sunset Boulevard", "Vermont Avenue", "Pico Boulevard", "Colorado Boulevard"),
    (("Downtown", 34.0430, -118.2560), ("Hollywood", 34.0980, -118.3290), ("Koreatown", 34.0620, -118.3000),
     ("Culver City", 34.0211, -118.3965), ("Pasadena", 34.1478, -118.1445)),
)  # fmt: skip
KATHMANDU = City(
    "Kathmandu", "Bagmati", "NP", "Asia/Kathmandu", "NPR", "+977 1 555{:04}", "446{:02}", (800, 3000), 6,
    {"ne": 85, "en": 10, "hi": 5}, {"nepal": 90, "en_IN": 10},
    ("New Road", "Durbar Marg", "Lazimpat Road", "Pulchowk Road", "Baneshwor Marg"),
    (("Thamel", 27.7154, 85.3123), ("Lazimpat", 27.7222, 85.3206), ("Baneshwor", 27.6900, 85.3420),
     ("Patan", 27.6727, 85.3253), ("Boudha", 27.7215, 85.3620)),
)  # fmt: skip

CITIES = (SYDNEY, NEW_YORK, LONDON, KOLKATA, BERLIN, CHICAGO, ADELAIDE, LOS_ANGELES, KATHMANDU)
