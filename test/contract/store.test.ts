import { openTemporaryStore } from '../kit/local-store.ts';
import { MemoryStore } from '../kit/memory-store.ts';
import { storeContract } from './store.ts';

storeContract('MemoryStore', async () => ({ store: new MemoryStore(), close: async () => {} }));
storeContract('SqliteStore', openTemporaryStore);
