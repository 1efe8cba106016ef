/** Id and name of the worker that runs on the appliance's own computer. It is no machine: none may have this name. */
export const PROVISIONER = 'provisioner';
