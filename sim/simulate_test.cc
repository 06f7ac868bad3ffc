#include "sim/simulate.h"
#include <catch2/catch_all.hpp>
