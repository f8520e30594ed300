package repair

// Holder is what the state machine remembers of somebody who gets links to a repair.
type Holder struct {
	// The digest of the e-mail address that links go to; see Contact.
	Address string `avro:"address"`
	// Links made before this sequence have ended; 0: none has.
	Since int64 `avro:"since"`
}

// correct replaces the address, and ends the links that went to another one.
func (h *Holder) correct(e *ContactCorrected) {
	h.Address = e.Contact.Address
	if !e.SameAddress {
		h.Since = e.Sequence
	}
}

// holder returns the holder of a contact's links, nil where the repair has no such contact.
func (r *Repair) holder(p Party) *Holder {
	if p == TheApprover {
		return r.Approver
	}
	return &r.Customer
}

// ended reports whether the link through which a command came has ended.
func (r *Repair) ended(c Command) bool {
	by := c.Head().Actor.Role
	if !by.CustomerSide() {
		return false
	}
	holder := r.holder(Party(by))
	return holder != nil && c.ask().LinkSequence < holder.Since
}

// sameAddress reports whether a corrected contact keeps its e-mail address. An
// address of which no digest is known is another one.
func (r *Repair) sameAddress(p Party, c Contact) bool {
	before := r.holder(p)
	return before != nil && c.Address != "" && c.Address == before.Address
}
