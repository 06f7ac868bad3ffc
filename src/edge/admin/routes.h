#pragma once
// Routes of the admin interface: a path, with the names of its parameters in braces, and what makes
// the JSON that answers it. Whatever that throws becomes {"error": why} with the status that fits.
#include <seastar/core/coroutine.hh>
#include <seastar/http/exception.hh>
#include <seastar/http/function_handlers.hh>
#include <seastar/http/routes.hh>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/cluster/cluster.h"

namespace weir::edge {

using http_status = seastar::http::reply::status_type;
using http_request = std::unique_ptr<seastar::http::request>;
using http_reply = std::unique_ptr<seastar::http::reply>;

// Why something was not done, for who asked.
inline seastar::httpd::base_exception conflict(const std::string& why) {
  return {why, http_status::conflict};
}

http_reply answer(http_reply r, const nlohmann::json& body, http_status code = http_status::ok);

using json_handler =
    std::function<seastar::future<nlohmann::json>(const seastar::http::request& asked)>;

void route(seastar::httpd::routes& to, seastar::httpd::operation_type method,
           const std::string& path, json_handler make);

std::string path_value(const seastar::http::request& asked, const char* name);
// Not below zero, or the request is a bad one; `text` is empty where it is missing.
std::int32_t number_of(const std::string& text, const char* what);

// Of the cluster as a whole. `state` throws while there is none.
void add_cluster_routes(seastar::httpd::routes& to, std::function<cluster&()> state);

}  // namespace weir::edge
