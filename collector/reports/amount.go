package reports

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"
)

// Amount is money in one currency (ISO 4217).
type Amount struct {
	Currency string
	Value    decimal.Decimal
}

// Text writes the value with the decimals that the currency has, such as 1200.00 for EUR and 1200 for JPY, or with
// more where the value needs them: nothing is rounded.
func (a Amount) Text() string {
	digits := 2
	if unit, err := currency.ParseISO(a.Currency); err == nil {
		digits, _ = currency.Standard.Rounding(unit)
	}
	if needed := -int(trimmed(a.Value).Exponent()); needed > digits {
		digits = needed
	}
	return a.Value.StringFixed(int32(digits))
}

// trimmed drops the zeros at the end of the decimals.
func trimmed(value decimal.Decimal) decimal.Decimal {
	text := value.String() // without trailing zeros
	short, err := decimal.NewFromString(text)
	if err != nil {
		return value
	}
	return short
}

// Amounts are sums in several currencies, which are never added up.
type Amounts []Amount

func (all Amounts) String() string {
	var parts []string
	for _, amount := range all {
		parts = append(parts, amount.Currency+" "+amount.Text())
	}
	return strings.Join(parts, "; ")
}

// Plus returns the sums by currency, in the order of their codes.
func (all Amounts) Plus(others Amounts) Amounts {
	sum := slices.Clone(all)
	for _, amount := range others {
		if at := slices.IndexFunc(sum, func(other Amount) bool { return other.Currency == amount.Currency }); at >= 0 {
			sum[at].Value = sum[at].Value.Add(amount.Value)
		} else {
			sum = append(sum, amount)
		}
	}
	slices.SortFunc(sum, func(a, b Amount) int { return cmp.Compare(a.Currency, b.Currency) })
	return sum
}
