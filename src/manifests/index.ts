/** What there should be, as files: documents in, documents out. */
export { type Applied, type ApplyOptions, applyManifests, type Parts } from './apply.ts';
export { type AnyDocument, toYaml } from './documents.ts';
export { exportManifests } from './export.ts';
export { KINDS, type Kind } from './identity.ts';
export { type Manifests, parseManifests } from './parse.ts';
export { ACTIONS } from './plan.ts';
