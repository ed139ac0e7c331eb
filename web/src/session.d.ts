// What session.js gives to pages in TypeScript.
export function signIn(scopes?: readonly string[]): Promise<void>;
export function signOut(): Promise<void>;
export function whoIsIt(): Promise<{ name: string; roles?: string[] } | null>;
export function onEnd(listener: () => void): () => void;
export function authorizedFetch(address: string, options?: RequestInit): Promise<Response>;
