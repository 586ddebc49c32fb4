// The one way to include Asio: Boost 1.74 forgets <utility> before its coroutine support.
#pragma once

#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
