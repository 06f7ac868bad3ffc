// The replicas' own world, in this room's tests.
#include "engine/replica/replica_world_transactions_test.cc"  // NOLINT(bugprone-suspicious-include)
