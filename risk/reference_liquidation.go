package risk

import (
	"math"
	"math/big"
)

// The reference's liquidation arithmetic (vAMM reference §11), for its published
// cases. The product liquidates against the curve and has one fee; see Slice.

// unlimited is the reference's "as much as there is": the largest 128-bit number.
var unlimited = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))

func mulDiv(a, b, c int64) int64 {
	return new(big.Int).Quo(new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), big.NewInt(c)).Int64()
}

// ReferenceCover is the base whose closing makes up for a shortage: everything
// (MaxInt64) when the fees eat what it frees. Ratios in 1e4, fees and prices 1e6.
func ReferenceCover(shortage, ratio, fee, insurance, oracle, quote int64) int64 {
	if oracle == 0 || ratio*100 <= fee {
		return math.MaxInt64
	}
	price := mulDiv(oracle, quote, 1_000_000)
	frees := mulDiv(price, ratio*100-fee, 1_000_000) - mulDiv(price, insurance, 1_000_000)
	if frees <= 0 {
		return math.MaxInt64
	}
	return mulDiv(shortage, 1_000_000_000, frees)
}

// ReferenceInsuranceFee is what the remaining margin can bear, at most the
// largest: 19 parts in 20 of what is left above the liquidator's fee and the
// shortage.
func ReferenceInsuranceFee(shortage, base, ratio, fee, oracle, quote, most int64) int64 {
	if oracle == 0 || base == 0 {
		return 0
	}
	value := mulDiv(mulDiv(base, oracle, 1_000_000_000), quote, 1_000_000)
	if value == 0 {
		return 0
	}
	left := ratio*100 - fee - mulDiv(shortage, 1_000_000, value)
	if left <= 0 {
		return 0
	}
	return min(most, mulDiv(left, 19, 20))
}

// ReferencePace is the part (1e4) of a shortage that may be cured now.
func ReferencePace(shortage, freed, elapsed, initial, duration int64) int64 {
	const all = 10_000
	if shortage < 50_000_000 {
		return all
	}
	allowed := int64(all)
	if duration > 0 {
		allowed = min(all, mulDiv(elapsed, all, duration)+initial)
	}
	share := mulDiv(shortage+freed, allowed, all) - freed
	return clampInt(mulDiv(max(0, share), all, shortage), 0, all)
}

// ReferenceLiquidationFee grows by 1e-6 a slot after 1,500 slots.
func ReferenceLiquidationFee(base, most, lastActive, slot int64) int64 {
	elapsed := slot - lastActive
	if elapsed < 1_500 {
		return base
	}
	return min(base+elapsed, most)
}

// ReferenceTransfer is a liability taken over against an asset. Decimals are
// counts; multipliers and prices 1e6; weights 1e4.
type ReferenceTransfer struct {
	AssetAmount, AssetMultiplier, AssetDecimals, AssetPrice, AssetWeight                     int64
	LiabilityAmount, LiabilityMultiplier, LiabilityDecimals, LiabilityPrice, LiabilityWeight int64
	Shortage, InsuranceFee                                                                   int64
}

func power(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }

func product(factors ...int64) *big.Int {
	p := big.NewInt(1)
	for _, f := range factors {
		p.Mul(p, big.NewInt(f))
	}
	return p
}

// Cover is the liability whose transfer makes up for the shortage. Weights are
// taken in 1e5.
func (t ReferenceTransfer) Cover() *big.Int {
	asset := mulDiv(t.AssetWeight*10, t.AssetMultiplier, max(1, t.LiabilityMultiplier))
	liability := t.LiabilityWeight * 10
	frees := liability - asset - mulDiv(liability, t.InsuranceFee, 1_000_000)
	if liability <= asset || frees <= 0 || t.LiabilityPrice <= 0 {
		return unlimited
	}
	n := new(big.Int).Mul(product(t.Shortage, 100_000), power(t.LiabilityDecimals))
	return n.Quo(n, product(t.LiabilityPrice, frees))
}

// Implied is the liability that an asset pays for, rounded up.
func (t ReferenceTransfer) Implied() *big.Int {
	n := product(t.AssetAmount, t.AssetPrice, t.LiabilityMultiplier)
	n.Mul(n, power(t.LiabilityDecimals))
	d := product(t.LiabilityPrice, t.AssetMultiplier)
	d.Mul(d, power(t.AssetDecimals))
	n.Add(n, new(big.Int).Sub(d, big.NewInt(1)))
	return n.Quo(n, d)
}

// Asset is the asset that pays for a liability, at most all of it.
func (t ReferenceTransfer) Asset() *big.Int {
	n := product(t.LiabilityAmount, t.LiabilityPrice, t.AssetMultiplier)
	n.Mul(n, power(t.AssetDecimals))
	d := product(t.AssetPrice, t.LiabilityMultiplier)
	d.Mul(d, power(t.LiabilityDecimals))
	n.Quo(n, d)
	if most := big.NewInt(t.AssetAmount); n.Cmp(most) > 0 {
		return most
	}
	return n
}
