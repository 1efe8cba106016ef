/** ISO images, served as their content: nothing is unpacked. */
export { type Image, type InIso, ISOS, IsoImages, inspectIso, isIsoName, type NotInIso } from './images.ts';
export { type InImage, inImages, openInImages } from './served.ts';
export { type IsoNeed, IsoShelf, missing, type Shelved } from './shelf.ts';
export type { Volume } from './volume.ts';
