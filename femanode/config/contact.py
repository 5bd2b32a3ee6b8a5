"""The section ``geometry.contact`` of the configuration: the arc of the surface that reacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model, model_validator

from femanode.config.quantities import Angle, Section, problem


def _arc(contact: Any) -> Any:
    """Refuse an arc that is empty or goes round."""
    start, end = arc_of(contact)
    if not 0.0 < end - start < 360.0:
        raise problem(f"found {end:g} deg", allowed=f"above from = {start:g} deg and less than 360 deg beyond it",
                      hint="angles run counter-clockwise from x; no contact: all of the surface reacts", key="to")
    return contact


if TYPE_CHECKING:
    class Contact(Section):
        """Arc of the outer surface."""

        to: float
else:
    # "from" is a word of Python's, which no field of a class statement can be called
    Contact = create_model(
        "Contact", __base__=Section, __module__=__name__, __doc__="Arc of the outer surface that reacts.",
        __validators__={"_arc": model_validator(mode="after")(_arc)},
        **{"from": (Angle, Field(description="polar angle at which the contact begins, from x")),
           "to": (Angle, Field(description="polar angle at which it ends, counter-clockwise"))})


def arc_of(contact: Contact) -> tuple[float, float]:
    """Where a contact begins and ends, degrees."""
    return getattr(contact, "from"), contact.to
