#pragma once

#include <memory>
#include <string>

#include <rocksdb/iterator.h>

namespace telltale::internal {

// The archive and the short-lived archive as one, in the order of keys. The groups of a vehicle's day are in one or the
// other, those of the short-lived last: as long as what is sought is in one, the other is not looked at. Forwards only.
class ArchiveIterator : public rocksdb::Iterator {
 public:
  ArchiveIterator(std::unique_ptr<rocksdb::Iterator> archive, std::unique_ptr<rocksdb::Iterator> short_lived);

  bool Valid() const override { return current_ != nullptr && current_->Valid(); }
  void Seek(const rocksdb::Slice& target) override;
  void SeekToFirst() override { Seek({}); }
  void Next() override;
  rocksdb::Slice key() const override { return current_->key(); }
  rocksdb::Slice value() const override { return current_->value(); }
  rocksdb::Status status() const override;

  // Not supported: the iterator is then not Valid().
  void SeekToLast() override { current_ = nullptr; }
  void SeekForPrev(const rocksdb::Slice& /*target*/) override { current_ = nullptr; }
  void Prev() override { current_ = nullptr; }

 private:
  // Moves the one that waits to `waiting_for_`, and chooses.
  void Choose();

  const std::unique_ptr<rocksdb::Iterator> archive_;
  const std::unique_ptr<rocksdb::Iterator> short_lived_;
  rocksdb::Iterator* current_ = nullptr;
  rocksdb::Iterator* waiting_ = nullptr;  // was not yet moved to the last target
  std::string waiting_for_;
};

}  // namespace telltale::internal
