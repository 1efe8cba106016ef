/** Subnets: the networks that are served, and how. */
export { givenOptions, poolSize, secondsText } from './given.ts';
export { isSubnet, type Read, SUBNET_KIND } from './reading.ts';
export { networkFor } from './served.ts';
export { MODES, type Subnet, subnetWriting } from './subnet.ts';
export { fieldOf, type InputProblem, type Put, type SubnetRecord, Subnets } from './subnets.ts';
