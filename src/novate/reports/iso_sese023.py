"""sese.023.001.11, the settlement instruction: one obligation as the member's depository is told of it.

    SctiesSttlmTxInstr
      TxId  obligation id        SttlmTpAndAddtlParams  DELI or RECE, APMT or FREE
      TradDtls/SttlmDt           FinInstrmId            QtyAndAcctDtls  quantity, owner, account
      SttlmParams  NETT          DlvrgSttlmPties or RcvgSttlmPties  the house
      SttlmAmt  if any           SplmtryData  the columns without an element

One message per row of a member. The house's own balancing row (CCP, C22) instructs nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from novate.clearing.obligations import Obligation
from novate.reports.iso20022 import (
    HOUSE,
    Digits,
    Message,
    add,
    add_instrument,
    add_money,
    add_party,
    add_supplement,
    add_units,
    document,
    movement,
    payment,
    short_text,
)

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:sese.023.001.11"


def settlement_instructions(rows: Iterable[Obligation], digits: Digits) -> list[Message]:
    """One instruction per row, in the order of the rows. MessageError where a row does not fit."""
    return [_instruction(row, digits) for row in rows if row.member != HOUSE]


def _instruction(row: Obligation, digits: Digits) -> Message:
    body = ElementTree.Element("SctiesSttlmTxInstr")
    identifier = short_text(row.obligation_id, "obligation_id")
    side = movement(row)
    add(body, "TxId", identifier)
    kind = add(body, "SttlmTpAndAddtlParams")
    add(kind, "SctiesMvmntTp", side)
    add(kind, "Pmt", payment(row))
    add(body, "TradDtls/SttlmDt/Dt/Dt", row.settle_date)
    add_instrument(body, row.isin)
    quantity = add(body, "QtyAndAcctDtls")
    add_units(quantity, "SttlmQty/Qty/Unit", row, digits)
    add_party(quantity, "AcctOwnr/Id", row.member, "member")
    add(quantity, "SfkpgAcct/Id", short_text(row.account, "account"))
    add(body, "SttlmParams/SctiesTxTp/Cd", "NETT")
    # The other side of every obligation is the house.
    add_party(body, f"{'Rcvg' if side == 'DELI' else 'Dlvrg'}SttlmPties/Pty1/Id", HOUSE, "member")
    if row.pay != "NONE":  # the schema wants a direction, and an amount of 0 has none
        add_money(body, row, digits)
    add_supplement(body, row)
    return Message(identifier=identifier, content=document(NAMESPACE, body))
