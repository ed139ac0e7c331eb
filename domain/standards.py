"""Codes that others have fixed, as far as they are checked here."""

_CURRENCIES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN
    PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
    TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CURRENCIES.split())
"""ISO 4217, the codes of money that is in use (without funds, metals and testing codes)."""

_LANGUAGES = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it
    iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt
    my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl
    sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo
    za zh zu
"""
LANGUAGES = frozenset(_LANGUAGES.split())
"""ISO 639-1."""

# What a postal code looks like where its form is one that everybody agrees on (Universal Postal Union).
POSTAL_CODES = {
    "AT": r"\d{4}",
    "AU": r"\d{4}",
    "BE": r"\d{4}",
    "BR": r"\d{5}-?\d{3}",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "CH": r"\d{4}",
    "CZ": r"\d{3} ?\d{2}",
    "DE": r"\d{5}",
    "DK": r"\d{4}",
    "ES": r"\d{5}",
    "FI": r"\d{5}",
    "FR": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "IN": r"\d{6}",
    "IT": r"\d{5}",
    "JP": r"\d{3}-?\d{4}",
    "MX": r"\d{5}",
    "NL": r"\d{4} ?[A-Z]{2}",
    "NO": r"\d{4}",
    "NP": r"\d{5}",
    "PL": r"\d{2}-\d{3}",
    "PT": r"\d{4}-\d{3}",
    "SE": r"\d{3} ?\d{2}",
    "US": r"\d{5}(-\d{4})?",
}

MAJORITY = 18
"""The age of majority in most countries, and the end of childhood by the Convention on the Rights of the Child, art. 1.

It counts for each country that is not listed below, for those whose states differ, and where the law says more and
nobody has looked it up: a guardian who loses sight of a record too early is helped at the desk; a grown person's record
that her parents went on reading cannot be taken back.
"""
MAJORITY_ELSEWHERE = {
    "CM": 21,  # Civil Code, art. 388
    "DZ": 19,  # Civil Code, art. 40
    "EG": 21,  # Civil Code, art. 44
    "KR": 19,  # Civil Act, art. 4, as amended by Act No. 10429 of 2011
    "KW": 21,  # B. AlMajed, International Journal of Law, Policy and the Family 39 (2025), ebaf009
    "PR": 21,  # Civil Code of 2020, art. 97
    "SG": 21,  # Ministry of Finance, 25 August 2008, on lowering the age of contracts, and of nothing else, to 18
    "TH": 20,  # Civil and Commercial Code, s. 19
}
"""The age of majority where it is more than 18: countries that were looked up in November 2026, each with what says so.

Whoever adds one reads its law first. New Zealand is not here: one is of full age at 20 (Age of Majority Act 1970,
s. 4), but guardianship ends at 18 (Care of Children Act 2004, s. 28), and that is what is asked.
"""
