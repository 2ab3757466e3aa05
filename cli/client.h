#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>
#include <grpcpp/grpcpp.h>

#include "base/status.h"

namespace telltale::cli {

// How the server's certificate is checked, and what it is shown; PEM files.
struct ChannelSecurity {
  std::string ca_file;  // empty: no TLS
  std::string certificate_file;
  std::string key_file;
};

// Errors: NOT_FOUND a file cannot be read; INVALID_ARGUMENT a certificate without its key, or the other way round, or
// either without the CA.
StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const ChannelSecurity& security);

// The key of a file, which has it in one line; empty: no file, no key. Errors: NOT_FOUND; INVALID_ARGUMENT.
StatusOr<std::string> ReadKey(const std::string& file);

// A connection to one server, made at the first call. Thread-safe.
class Client {
 public:
  // `server` is HOST:PORT; `key` is shown with every call, unless it is empty. No call but a stream takes longer than
  // `timeout`.
  Client(const std::string& server, const std::string& key, std::shared_ptr<grpc::ChannelCredentials> credentials,
         std::chrono::milliseconds timeout);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Whether a connection to the server stands now.
  bool is_connected() const { return channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY; }

  // One call, for example Call(&v1::TripService::Stub::ListTrips, request, &response).
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*), const Request& request,
                    Response* response) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    Stub stub(channel_);
    return (stub.*rpc)(&context, request, response);
  }

  // Calls a paged rpc until its last page, or until `on_page` returns false.
  template <typename Stub, typename Request, typename Response>
  grpc::Status CallPages(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*), Request request,
                         const std::function<bool(Response&)>& on_page) const {
    while (true) {
      Response response;
      if (grpc::Status status = Call(rpc, request, &response); !status.ok()) return status;
      const bool go_on = on_page(response);
      if (!go_on || response.next_page_token().empty()) return grpc::Status::OK;
      if (response.next_page_token() == request.page_token()) {
        return {grpc::StatusCode::INTERNAL, "the server gave the same page twice"};
      }
      request.set_page_token(response.next_page_token());
    }
  }

  // Collects the items of all pages, for example CollectPages(&Stub::ListTrips, request, &ListTripsResponse::trips,
  // &trips).
  template <typename Stub, typename Request, typename Response, typename Item>
  grpc::Status CollectPages(grpc::Status (Stub::*rpc)(grpc::ClientContext*, const Request&, Response*), Request request,
                            const google::protobuf::RepeatedPtrField<Item>& (Response::*items)() const,
                            std::vector<Item>* all) const {
    return CallPages<Stub, Request, Response>(rpc, std::move(request), [&](Response& page) {
      const auto& page_items = (page.*items)();
      all->insert(all->end(), page_items.begin(), page_items.end());
      return true;
    });
  }

 private:
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace telltale::cli
