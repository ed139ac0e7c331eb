"""What the sandbox can be told to do wrong. Three ways to tell it, each for one session:

- in the order's description, as in `Visit #sandbox-decline #sandbox-repeat`;
- in the section "Faults" of the checkout page;
- `SandboxCheckout.set_faults`.

| fault | what happens while it is set |
|---|---|
| `decline` | paying is declined (FAILED); the patient can try again |
| `fail` | captures, voids, refunds and expiries are declined: `processing_error` |
| `unavailable` | every call is answered by GatewayUnavailable, and nothing is done |
| `lose-answer` | the work of a call is done, its answer is lost: GatewayUnavailable; its repetition is answered |
| `delay` | webhooks come ten seconds late |
| `repeat` | every webhook comes twice |
| `reorder` | a webhook waits for the next one of the session and comes after it; for 30 seconds at most |
"""

import re
from collections.abc import Iterable

from gateways.payments import GatewayRefused
from models.sandbox import SandboxFault

TOLD = re.compile(r"#sandbox-([a-z-]+)")


def word(fault: SandboxFault) -> str:
    """`lose-answer`, as descriptions and forms have it."""
    return fault.value.lower().replace("_", "-")


WORDS = {word(fault): fault for fault in SandboxFault}


def faults_in(description: str) -> frozenset[SandboxFault]:
    """Raises GatewayRefused for a fault that there is none of."""
    told = TOLD.findall(description)
    if any(each not in WORDS for each in told):
        raise GatewayRefused("unknown_fault")
    return frozenset(WORDS[each] for each in told)


def faults_of(stored: Iterable[str]) -> frozenset[SandboxFault]:
    return frozenset(SandboxFault(each) for each in stored)
