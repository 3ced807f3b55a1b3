"""Of an order: people and addresses."""

from app.orders.document_parts import Address, Contact, Customer, Invoicing
from app.orders.lenient import Record, flag, quantity, record, text, texts


def customer(profile: Record, preferences: Record) -> Customer:
    return Customer(
        first_name=text(profile.get("firstName")),
        last_name=text(profile.get("lastName")),
        document_type=text(profile.get("documentType")),
        document=text(profile.get("document")),
        phone=text(profile.get("phone")),
        email=text(profile.get("email")),
        is_corporate=flag(profile.get("isCorporate")),
        corporate_name=text(profile.get("corporateName")),
        trade_name=text(profile.get("tradeName")),
        corporate_document=text(profile.get("corporateDocument")),
        corporate_phone=text(profile.get("corporatePhone")),
        state_inscription=text(profile.get("stateInscription")),
        customer_class=text(profile.get("customerClass")),
        customer_code=text(profile.get("customerCode")),
        user_profile_id=text(profile.get("userProfileId")),
        locale=text(preferences.get("locale")),
        newsletter=flag(preferences.get("optinNewsLetter")),
    )


def contact(person: Record) -> Contact:
    return Contact(
        first_name=text(person.get("firstName")),
        last_name=text(person.get("lastName")),
        document_type=text(person.get("documentType")),
        document=text(person.get("document")),
        phone=text(person.get("phone")),
        email=text(person.get("email")),
    )


def address(place: Record) -> Address:
    longitude, latitude = _coordinates(place)
    return Address(
        type=text(place.get("addressType")),
        receiver=text(place.get("receiverName")),
        postal_code=text(place.get("postalCode")),
        country=text(place.get("country")),
        state=text(place.get("state")),
        city=text(place.get("city")),
        neighborhood=text(place.get("neighborhood")),
        street=text(place.get("street")),
        number=text(place.get("number")),
        complement=text(place.get("complement")),
        reference=text(place.get("reference")),
        longitude=longitude,
        latitude=latitude,
    )


def address_or_none(parent: Record, name: str) -> Address | None:
    found = record(parent, name)
    return address(found) if found else None


def _coordinates(place: Record) -> tuple[str | None, str | None]:
    """VTEX writes the longitude first."""
    match place.get("geoCoordinates"):
        case [longitude, latitude]:
            numbers = quantity(longitude), quantity(latitude)
            return text(numbers[0]), text(numbers[1])
    return None, None


def invoicing(data: Record) -> Invoicing:
    subject = record(data, "invoiceSubject")
    return Invoicing(
        address=address_or_none(data, "address"),
        subject=contact(subject) if subject else None,
        payment_methods=texts(record(data, "userPaymentInfo"), "paymentMethods"),
    )
