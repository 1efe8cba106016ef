/** Leases of pool mode: who has which address, on the disk before its client knows. */
export { endsOf, isWithin } from './addresses.ts';
export { abandoned, FOR_EVER, FOR_EVER_SECONDS, isActive, type Lease } from './lease.ts';
export { LeaseStore, noLease } from './lease-store.ts';
export { type Choice, type Claim, Leases, OFFER_MS, type Surroundings } from './leases.ts';
export type { Quarantined } from './quarantine.ts';
