package sources

// FeedTransport is the transport under news that refuses private addresses.
var FeedTransport = feedTransport
