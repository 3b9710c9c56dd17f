"""Tencent Cloud's SSL Certificate Service, CDN and EdgeOne, as in https://www.tencentcloud.com/document/product."""

from sandbox.tencentcloud.api import TencentCloud

API = TencentCloud
