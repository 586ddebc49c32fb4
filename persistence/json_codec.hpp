// Both directions of the JSON codec. Code that only writes includes json_write.hpp, which is much lighter.
#pragma once

#include "persistence/json_read.hpp"
#include "persistence/json_write.hpp"
