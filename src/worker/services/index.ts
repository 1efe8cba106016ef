/** The worker's keeper of services: containers in the background of workflows (proposal 0014). */
export { ServiceKeeper } from './keeper.ts';
export type { ServiceParts } from './kept-service.ts';
export type { ServiceEngine } from './service-engine.ts';
