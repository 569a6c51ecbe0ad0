package perp

// ProvidedMax is the most entries of one ProvideQuotes.
const ProvidedMax = 200

// ProvideQuotes is what a liquidity provider bids and offers (FIX i). The entries
// of a market take the place of all that its account quoted there before.
type ProvideQuotes struct {
	Origin
	Flawed
	QuoteID string
	Account string          // empty: the session's only account
	Quiet   bool            `json:",omitempty"` // only a refusal is answered
	Reset   bool            `json:",omitempty"` // its protection lets it quote again in the markets named
	Entries []ProvidedQuote `json:",omitempty"`
}

// ProvidedQuote is one entry: a bid, an offer, or both. One without a size of
// either takes away what there was.
type ProvidedQuote struct {
	Flawed
	Set    string
	ID     string
	Symbol string
	Bid    Level
	Ask    Level
	Until  Time `json:",omitempty"` // zero: as long as a provider's quote may stand
}

// ProvidedAnswer is what became of one entry.
type ProvidedAnswer struct {
	Set, ID, Symbol string
	Verdict         Verdict
}

// QuotesProvided answers ProvideQuotes (FIX b). One entry that is refused refuses
// them all; then nothing of the account stands in the markets named.
type QuotesProvided struct {
	Origin  Origin
	QuoteID string
	Account string
	Quiet   bool             `json:",omitempty"`
	Entries []ProvidedAnswer `json:",omitempty"`
	Verdict Verdict
}

// QuotesPulled: what a provider quotes in a market does not stand any more,
// although it did not ask for that.
type QuotesPulled struct {
	Session string
	Account string
	Symbol  string
	QuoteID string
	Why     Verdict
	Until   Time `json:",omitempty"` // when it may quote again; zero: at once, or, frozen, after it says so
}

// ProviderStated: what a provider quotes in a market now, and whether its protection
// has taken that away. One of whom there is nothing left to know quotes nothing. It
// is not stored: it follows from what is.
type ProviderStated struct {
	Symbol  string
	Account string
	Session string
	QuoteID string
	Quotes  []StandingQuote // in the order in which they came
	Frozen  bool            // until it says that it goes on, the desk does, or Thaw
	Thaw    Time            // zero: not by itself
}

// StandingQuote is one bid or offer of a provider.
type StandingQuote struct {
	Entry string
	Side  Side // of the provider: Buy is a bid
	Level Level
	Until Time
}

// LaidOff: the maker dealt on a provider's quote because it bore too much itself.
// Size is what it bought, negative if it sold; the fill is told by itself.
type LaidOff struct {
	Symbol  string
	Account string
	QuoteID string
	EntryID string
	OrderID string
	Price   Price
	Size    Size
}

// Kind names the command or event.
func (ProvideQuotes) Kind() string  { return "ProvideQuotes" }
func (QuotesProvided) Kind() string { return "QuotesProvided" }
func (QuotesPulled) Kind() string   { return "QuotesPulled" }
func (ProviderStated) Kind() string { return "ProviderStated" }
func (LaidOff) Kind() string        { return "LaidOff" }
