#include "storage/rocksdb/archive_iterator.h"

#include "storage/rocksdb/telemetry_database.h"
#include "storage/rocksdb/telemetry_keys.h"

namespace telltale::internal {

ArchiveIterator::ArchiveIterator(std::unique_ptr<rocksdb::Iterator> archive,
                                 std::unique_ptr<rocksdb::Iterator> short_lived)
    : archive_(std::move(archive)), short_lived_(std::move(short_lived)) {}

void ArchiveIterator::Seek(const rocksdb::Slice& target) {
  const bool of_short_lived =
      target.size() >= kArchiveGroupEnd &&
      ReadBigEndian(ViewOf(target).substr(kArchiveGroupAt, kArchiveGroupEnd - kArchiveGroupAt)) >= kShortLivedGroup;
  current_ = of_short_lived ? short_lived_.get() : archive_.get();
  waiting_ = of_short_lived ? archive_.get() : short_lived_.get();
  waiting_for_ = ViewOf(target);
  current_->Seek(target);
  const rocksdb::Slice group(target.data(), std::min(target.size(), kArchiveGroupEnd));
  const bool found = group.size() == kArchiveGroupEnd && current_->Valid() && current_->key().starts_with(group);
  if (!found) Choose();
}

void ArchiveIterator::Next() {
  current_->Next();
  Choose();
}

void ArchiveIterator::Choose() {
  if (waiting_ != nullptr) waiting_->Seek(waiting_for_);
  waiting_ = nullptr;
  const bool both = archive_->Valid() && short_lived_->Valid();
  current_ = both ? (archive_->key().compare(short_lived_->key()) < 0 ? archive_.get() : short_lived_.get())
                  : (archive_->Valid() ? archive_.get() : short_lived_.get());
}

rocksdb::Status ArchiveIterator::status() const {
  const rocksdb::Status status = archive_->status();
  return status.ok() ? short_lived_->status() : status;
}

}  // namespace telltale::internal
