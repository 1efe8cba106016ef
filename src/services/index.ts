/** Services of workflows, as they are reached from the network: their routing labels, and the way to them. */
export { SERVICE_DOMAIN, type ServiceAddress, serviceAddress } from './address.ts';
export { type LabelProblem, type Route, routesOf } from './labels.ts';
export { answering, type RoutedService, type RoutedWorkflow, type Routing, routeRequest } from './routing.ts';
export { matches, parseRule, type Rule, type RuleRequest } from './rules.ts';
