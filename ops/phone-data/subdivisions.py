"""ISO 3166-2 codes for what libphonenumber calls a Chinese province or a US state."""

CHINA = {
    "Anhui": "AH", "Beijing": "BJ", "Chongqing": "CQ", "Fujian": "FJ", "Gansu": "GS", "Guangdong": "GD",
    "Guangxi": "GX", "Guizhou": "GZ", "Hainan": "HI", "Hebei": "HE", "Heilongjiang": "HL", "Henan": "HA",
    "Hubei": "HB", "Hunan": "HN", "Inner Mongolia": "NM", "Jiangsu": "JS", "Jiangxi": "JX", "Jilin": "JL",
    "Liaoning": "LN", "Ningxia": "NX", "Qinghai": "QH", "Shaanxi": "SN", "Shandong": "SD", "Shanghai": "SH",
    "Shanxi": "SX", "Sichuan": "SC", "Tianjin": "TJ", "Tibet": "XZ", "Xinjiang": "XJ", "Yunnan": "YN",
    "Zhejiang": "ZJ",
}

UNITED_STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN",
    "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV",
    "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX",
    "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA", "Washington D.C.": "DC",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
}
US_CODES = set(UNITED_STATES.values())
COUNTRIES = {"CN", "US"}


def split(country, description):
    """(ISO 3166-2 code or None, city or None) of an English description such as "Shenzhen, Guangdong"."""
    city, comma, last = description.rpartition(", ")
    if country == "CN":
        code = CHINA.get(last)
    elif country == "US":
        code = last if comma and last in US_CODES else UNITED_STATES.get(last) if not comma else None
    else:
        return None, description
    if code is None:
        return None, description
    return f"{country}-{code}", city or None
