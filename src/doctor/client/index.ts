/** Plays a machine's firmware against whatever serves a network. */
export { FIRMWARES, firmwareNamed } from '../../boots/dhcp-client/index.ts';
export { play, type Wishes } from './play.ts';
export { type BootView, present } from './present.ts';
