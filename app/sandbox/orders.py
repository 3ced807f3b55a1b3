"""An order, its lines and packages, and the way through its statuses."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from app.sandbox.wire import Record

#: The complete flow (VTEX help centre, order flow and status), each with VTEX's own description.
FLOW = {
    "order-created": "Processando",
    "on-order-completed": "Processando",
    "waiting-for-authorization": "Aguardando autorização",
    "payment-pending": "Pagamento Pendente",
    "approve-payment": "Aprovar Pagamento",
    "payment-approved": "Pagamento Aprovado",
    "authorize-fulfillment": "Autorizar Despacho",
    "window-to-cancel": "Carência para Cancelamento",
    "ready-for-handling": "Pronto para o Manuseio",
    "start-handling": "Iniciar Manuseio",
    "handling": "Preparando Entrega",
    "invoice": "Verificando Fatura",
    "invoiced": "Faturado",
}
#: Of handling, in stores that pick and pack with VTEX.
PACKING = {
    "waiting-for-fulfillment": "Aguardando Fulfillment",
    "ready-for-invoicing": "Pronto para Faturamento",
}
OTHER = {
    "request-cancel": "Solicitar cancelamento",
    "cancellation-requested": "Cancelamento solicitado",
    "waiting-for-seller-decision": "Aguardando decisão do Seller",
    "cancel": "Cancelar",
    "canceled": "Cancelado",
    "replaced": "Substituído",
}
DESCRIPTIONS = FLOW | PACKING | OTHER
POSITION = {status: position for position, status in enumerate(FLOW)}


@dataclass
class Reservation:
    quantity: int
    #: authorized (placed) -> confirmed (paid) -> acknowledged (in handling)
    state: str = "authorized"


@dataclass(frozen=True)
class Line:
    unique_id: str
    sku_id: int
    ref_id: str
    product_id: int
    name: str
    ean: str | None
    quantity: int
    #: Cents per unit, as everywhere in the OMS.
    price: int
    warehouse: str
    #: Cents off the whole line.
    discount: int = 0
    #: 1 is the store itself.
    seller: str = "1"
    #: Of a kit, as GET order shows them.
    components: tuple[Record, ...] = ()

    @property
    def total(self) -> int:
        return self.price * self.quantity - self.discount

    @property
    def reserved(self) -> Counter[str]:
        """Pieces by SKU: a kit has no stock of its own, its components have."""
        found: Counter[str] = Counter({} if self.components else {str(self.sku_id): self.quantity})
        for part in self.components:
            found[part["id"]] += part["quantity"] * self.quantity
        return found


@dataclass
class Order:
    order_id: str
    sequence: int
    lines: list[Line]
    #: Cents; part of the total that invoices must add up to.
    shipping: int
    created: datetime
    status: str = ""
    changed: datetime = field(init=False)
    #: Every status with its time, oldest first.
    history: list[tuple[float, str]] = field(default_factory=list)
    packages: list[Record] = field(default_factory=list)
    cancel_reason: str | None = None
    #: As GET order shows them.
    cancellation_requests: list[Record] = field(default_factory=list)
    #: The status, or `told`, at which the shopper will cancel.
    cancel_when: str | None = None
    #: Cents that order modifications put on the total by hand.
    changed_by: int = 0

    def __post_init__(self) -> None:
        self.changed = self.created

    @property
    def items_total(self) -> int:
        """Before discounts, as VTEX's totals have it."""
        return sum(line.price * line.quantity for line in self.lines)

    @property
    def discounts_total(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def total(self) -> int:
        return self.items_total - self.discounts_total + self.shipping + self.changed_by

    @property
    def seller(self) -> str:
        return self.lines[0].seller

    @property
    def seller_order_id(self) -> str:
        """In the account of its seller; the prefix of another account's order is the sandbox's guess."""
        return f"{'00' if self.seller == '1' else 'SLR'}-{self.order_id}"

    @property
    def group(self) -> str:
        """Shared by the orders of one purchase, of which each seller has one."""
        return self.order_id.partition("-")[0]

    @property
    def invoiced_total(self) -> int:
        return sum(package["invoiceValue"] for package in self.packages if package["type"] == "Output")

    def package(self, invoice_number: str) -> Record | None:
        return next((each for each in self.packages if each["invoiceNumber"] == invoice_number), None)

    def when(self, status: str) -> float | None:
        return next((at for at, reached in self.history if reached == status), None)

    def status_at(self, moment: float) -> str | None:
        """What a late index still believes; None before it knows the order at all."""
        return next((status for at, status in reversed(self.history) if at <= moment), None)

    def way_to(self, status: str) -> list[str]:
        """The statuses walked through on the way forward; any other jump is one step."""
        here, there = POSITION.get(self.status, -1 if not self.status else None), POSITION.get(status)
        if here is None or there is None or there <= here:
            return [status]
        return list(FLOW)[here + 1 : there + 1]
